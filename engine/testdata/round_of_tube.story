# The round: else its tube's, by its newest tube.open that names one, else by the earliest scan that named its own.
# Proves: round/tube
any order
round R1 recollect 2h
round R2 areas 99 recollect 1h
round R3 areas 99 recollect 3h
open T100 07:00 round R2
open T100 07:30 round R3
open T100 07:50
late scan T100 ada 08:01
late scan T200 ben 08:01 round R2
late scan T200 cem 08:02
late scan T200 dan 08:03 round R3
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
order ada due 16:00
order ben due 14:00
order cem due 14:00
order dan due 16:00
tube T100 round R3
tube T200 round R2
coverage R2 all sampled 2
coverage R3 all sampled 2
