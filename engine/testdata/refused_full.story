# A live scan into a full tube is refused; a late one is taken and flagged; an unscan makes room.
# Proves: refusal/tube_full
open T100 08:00 pool capacity 2
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03
refused tube_full
tube T100 takes 2
unscan T100 ben 08:04
scan T100 cem 08:05
accepted
late scan T100 dan 08:06
flag over_capacity
tube T100 holds ada cem dan
