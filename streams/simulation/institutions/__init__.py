"""Institutions that publish openly: two states with their agencies, and the press.

    desks    a publisher in one language and all its articles
    states   party organ, agency, companies, ministry and diplomats, with registry entries
    press    wires, newsrooms, news accounts, local sites, and the people who share their articles

What the states publish is what covert groups copy.
"""
