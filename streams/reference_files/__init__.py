"""Files given beside posts: registry, profiles, follow events, rules, labels."""
