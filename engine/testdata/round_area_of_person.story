# The person's area is the scan's own, else the rostered one; never one that another scan named.
# Proves: round/area-of-person
any order
round R1 areas 9901 recollect 1h
round R2 areas 9902 recollect 2h
roster ada area 9901
roster ben area 9901
late scan T100 ada 08:01
late scan T200 ben 08:01 area 9902
late scan T300 cem 07:00 area 9901
late scan T400 cem 08:00
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
result T400 positive tested 12:00 reported 13:00
order ada due 14:00
order ben due 15:00
order cem due 19:00
