# Of rounds that cover equally deep the latest opens_at, then the name.
# Proves: round/latest-opens_at
any order
round R1 areas 99 opens 06:00 recollect 1h
round R2 areas 99 opens 07:00 recollect 2h
round R3 areas 99 opens 07:00 recollect 3h
late scan T100 ada 08:01 area 99
late scan T200 ben 06:30 area 99
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
order ada due 15:00
order ben due 14:00
