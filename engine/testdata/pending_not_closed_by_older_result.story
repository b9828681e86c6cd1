# A result of an older swab leaves the newer swab pending.
# Proves: pending/not-by-older
any order
scan T100 ada 08:01
late scan T200 ada 09:01
result T100 negative tested 12:00 reported 13:00
ada sampled
ada since 09:01
ada pending T200
ada last negative T100
