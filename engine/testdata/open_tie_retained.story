# The newest tube.open (tie: pool > household > single); of two that say the same mode, the one that retains nothing.
# Proves: tube/open-tie-retained
any order
open T100 07:50 pool retained
open T100 07:50 pool
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
ada held because T100
order ada due 19:00
