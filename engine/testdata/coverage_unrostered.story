# Expected: rostered in the round's areas, or sampled in it, shown as unrostered.
# Proves: coverage/unrostered
any order
round R1 areas 9901
roster ada area 9901
late scan T100 ben 08:01 area 9901
late scan T200 cem 08:01 round R1
coverage R1 all expected 3 unrostered 2 sampled 2 missing 1
coverage R1 9901 expected 2 unrostered 1 sampled 1 missing 1
