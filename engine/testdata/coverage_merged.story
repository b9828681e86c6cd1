# Two identities that are one human are expected, sampled and excused once, where the root is rostered.
# Proves: coverage/merged
any order
area 9901 under 99
area 9902 under 99
round R1 areas 99
roster ada area 9901
roster eva area 9902
late scan T100 ada 08:01
merge ada into eva 12:00
coverage R1 99 expected 1 sampled 1 missing 0
coverage R1 9902 expected 1 sampled 1
coverage R1 9901 expected 0
missing R1 99 are nobody
