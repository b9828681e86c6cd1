# Where two scans of one second give S, the one in the tube with the smaller code counts: not the one that came first.
# Proves: round/transferred-tie
any order
round R1 areas 99 recollect 1h
round R2 areas 99 recollect 2h
late scan T1 ada 08:00 round R1
late scan T2 ada 08:00 round R2
transfer ada from T1 to T3 09:00
transfer ada from T2 to T3 09:00
transfer ada from T3 to T4 10:00
result T4 positive tested 12:00 reported 13:00
order ada due 14:00
