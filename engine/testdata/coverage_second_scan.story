# A second scan of a bound pair counts as any: its area where it is the newest, its round where it is the earliest.
# Proves: coverage/second-scan
any order
round R1 areas 99
round R2 areas 99
late scan T100 ada 08:05 area 9901
late scan T100 ada 08:09 area 9902
late scan T100 ada 08:01 round R2
coverage R2 all expected 1 sampled 1
coverage R2 9902 expected 1 sampled 1
coverage default all expected 0
coverage R1 all expected 0
