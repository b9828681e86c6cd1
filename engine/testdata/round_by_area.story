# The round: else the open round covering the person's area at that time, of the deepest area.
# Proves: round/deepest-area
any order
area 99
area 9901 under 99
area 990101 under 9901
round R1 recollect 1h
round R2 areas 99 recollect 2h
round R3 areas 9901 recollect 3h
late scan T100 ada 08:01 area 990101
late scan T200 ben 08:01 area 99
late scan T300 cem 08:01
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
result T300 positive tested 12:00 reported 13:00
order ada due 16:00
order ben due 15:00
order cem due 14:00
