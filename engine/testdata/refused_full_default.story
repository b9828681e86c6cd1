# Without a tube.open a tube takes ten.
# Proves: tube/capacity-ten
scan T100 p1 08:01
scan T100 p2 08:01
scan T100 p3 08:01
scan T100 p4 08:01
scan T100 p5 08:01
scan T100 p6 08:01
scan T100 p7 08:01
scan T100 p8 08:01
scan T100 p9 08:01
scan T100 p10 08:01
accepted
scan T100 p11 08:01
refused tube_full
scan T100 p3 08:01
duplicate
tube T100 takes 10
open T100 08:00 capacity 11
scan T100 p11 08:01
accepted
