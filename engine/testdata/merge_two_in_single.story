# A tube's members are counted by identity: two identities in one single tube are two, and their negative releases nobody.
# Proves: merge/members-by-identity
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
late scan T200 eva 14:05 single
result T200 negative tested 15:00 reported 16:00
merge ada into eva 17:00
ada held because T100
tube T200 holds ada eva
