"""Ordinary people and what they post.

    people      accounts: language, time zone, activity, interests
    prose       made-up words and texts, and edited copies
    names       made-up names of people, places and sites
    world_log   every text, article and post of a world, in the order of entry
    organic     everyday posts, breaking news, a television show, one-day events
    cast        accounts added for a role, what their profiles show and who follows them

Nothing in this folder coordinates.
"""
