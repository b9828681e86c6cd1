# Of two tube.open in the same second pool counts before household before single.
# Proves: tube/mode-tie
any order
open T100 08:00 single
open T100 08:00 pool
open T200 08:00 single
open T200 08:00 household
open T300 08:00 capacity 5
open T300 08:00 capacity 20
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
tube T100 pool
tube T200 household
tube T300 takes 20
ada held because T100
