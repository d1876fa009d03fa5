"use strict";
(() => {
  const body = document.body;
  const typing = (element) => /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName) && element.type !== "checkbox";

  // live: parts marked data-live are loaded anew when the desk has changed
  const every = 3000;
  const renew = async (version) => {
    // the answer to a form has an address from which nothing can be loaded
    const answer = await fetch(body.dataset.page ?? location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (!now || now.innerHTML === part.innerHTML || part.contains(document.activeElement) && typing(document.activeElement)) continue;
      const at = part.querySelector("article.at a.open")?.getAttribute("href");
      part.replaceChildren(...now.childNodes);
      if (at) mark(articles().find((each) => each.querySelector("a.open")?.getAttribute("href") === at));
    }
    body.dataset.version = version;
  };
  const look = async () => {
    try {
      if (!document.hidden) {
        const answer = await fetch(body.dataset.follow, { redirect: "manual" });
        const { version } = answer.ok ? await answer.json() : {};
        if (version !== undefined && version !== body.dataset.version) await renew(version);
      }
    } catch {
      // the desk is away for a moment; the next look says
    }
    setTimeout(look, every);
  };

  // keys
  const articles = () => Array.from(document.querySelectorAll("article.brief"));
  const mark = (article) => {
    for (const each of articles()) each.classList.toggle("at", each === article);
    article?.querySelector("a.open").focus({ preventScroll: true });
    article?.scrollIntoView({ block: "nearest" });
  };
  const step = (by) => {
    const all = articles();
    const at = all.findIndex((each) => each.classList.contains("at"));
    mark(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
  };
  const use = (element) => {
    if (element.tagName === "SUMMARY") {
      element.parentElement.open = true;
      element.parentElement.querySelector("select, textarea, input:not([type=hidden])")?.focus();
    } else {
      element.click();
    }
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const found = {
      j: () => step(1),
      k: () => step(-1),
      n: () => document.querySelector("a[rel=next]")?.click(),
      p: () => document.querySelector("a[rel=prev]")?.click(),
      "/": () => document.getElementById("find")?.focus(),
    }[event.key] ?? (() => {
      const element = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key=${event.key}]`);
      if (!element) return false;
      use(element);
      return true;
    });
    if (found() !== false) event.preventDefault();
  });

  // a form is sent once, however often its button is pressed
  document.addEventListener("submit", (event) => {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "1";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });
  // filters apply at once
  document.getElementById("filter")?.addEventListener("change", (event) => {
    if (event.target.tagName === "SELECT") event.currentTarget.requestSubmit();
  });
  if (body.dataset.follow) setTimeout(look, every);
})();
