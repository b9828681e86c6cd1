# The round: else default. A round that is not open at that time, or covers another area, is not the scan's.
# Proves: round/default
any order
round R1 areas 99 opens 08:00 closes 09:00 recollect 1h
late scan T100 ada 07:59 area 99
late scan T200 ben 08:00 area 99
late scan T300 cem 09:00 area 99
late scan T400 dan 08:30 area 98
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
result T300 positive tested 12:00 reported 13:00
result T400 positive tested 12:00 reported 13:00
order ada due 19:00
order ben due 14:00
order cem due 19:00
order dan due 19:00
coverage default all sampled 3
