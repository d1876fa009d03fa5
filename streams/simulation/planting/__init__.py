"""Groups that act together.

    stealth        how a group acts, at four levels of stealth
    groups         operations of a group on its own texts, or on what is popular
    open_groups    fan clubs, companies and obscure clubs, which hide nothing
    covert         what covert groups have in common
    diaspora_press, troll_farm, spam_amplifier, paid_placement    one scenario each

Members of covert groups have the label `io`, members of open groups the label `coordinated`.
"""
