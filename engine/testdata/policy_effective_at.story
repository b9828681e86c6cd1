# Policies carry effective_at: the version in force at the event's own time decides, however late the event comes.
# Proves: policy/effective_at
any order
round R1 recollect 2h
round R1 recollect 4h effective 12:00
round R1 recollect 1h effective 10:00
late scan T100 ada 09:59
late scan T200 ben 10:00
late scan T300 cem 12:00
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:00
result T300 positive tested 12:00 reported 13:00
order ada due 15:00
order ben due 14:00
order cem due 17:00
