# If the retained specimen is invalid, lost or void, a normal order opens.
# Proves: order/retained-bad-specimen
any order
open T100 08:00 pool retained
late scan T100 ada 08:01
late scan T101 ada 08:01 retained_of T100
late scan T100 ben 08:02
late scan T102 ben 08:02 retained_of T100
late scan T100 cem 08:03
late scan T103 cem 08:03 retained_of T100
late scan T100 dan 08:04
late scan T104 dan 08:04 retained_of T100
result T100 positive tested 12:00 reported 13:00
result T101 invalid tested 14:00 reported 15:00
lost T102 14:00
void T103 14:00 because broken
order ada due 19:00 because T100 T101
order ben due 19:00 because T100 T102
order cem due 19:00 because T100 T103
ada held because T100 T101
no order dan
