# A person whom nobody rostered is counted in the newest area that a scan named, else in none.
# Proves: coverage/named-area
any order
area 9901 under 99
area 9902 under 99
round R1
late scan T100 ada 08:01 area 9901
late scan T200 ada 09:01 area 9902
late scan T300 ben 08:01
coverage R1 9902 expected 1 sampled 1
coverage R1 9901 expected 0
coverage R1 all expected 2 sampled 2
