# A result of a swab of the same second leaves the other one pending.
# Proves: pending/strictly-later
any order
scan T100 ada 08:01
late scan T200 ada 08:01
result T100 negative tested 12:00 reported 13:00
ada sampled
ada pending T200
