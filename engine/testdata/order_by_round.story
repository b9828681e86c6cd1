# due is the opening result's reported_at plus the round's sla.recollect.
# Proves: order/due-by-round
any order
round R1 areas 9901 recollect 2h
round R2 areas 9902 recollect 1h
late scan T100 ada 08:01 round R1
late scan T200 ben 08:01 area 9902
late scan T300 cem 08:01
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
result T300 positive tested 12:00 reported 13:00
order ada due 15:00
order ben due 14:00
order cem due 19:00
