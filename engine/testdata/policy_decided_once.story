# Decided once, when the event is applied, by the version in force at the event's own at, and kept: later changes of policy never change a status.
# Proves: policy/decided-once
it is 07:00
round R1 recollect 2h
scan T100 ada 08:01
it is 09:00
round R1 recollect 4h
scan T200 ben 08:30
scan T300 cem 09:30
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
result T300 positive tested 12:00 reported 13:00
order ada due 15:00
order ben due 15:00
order cem due 17:00
