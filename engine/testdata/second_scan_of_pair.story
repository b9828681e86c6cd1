# A second scan of a bound pair at another time is a duplicate, flagged; the earliest time counts.
# Proves: binding/second-scan
any order
scan T100 ada 08:05
scan T100 ada 08:01
duplicate
flag already_bound
ada sampled
ada since 08:01
scan T100 ada 08:09
duplicate
flag already_bound
ada since 08:01
unscan T100 ada 08:07
ada sampled
