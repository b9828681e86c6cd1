# A transferred person keeps the round that the own scan named, and the one of the tube where he was swabbed unless the new tube has its own.
# Proves: round/transferred-keeps
any order
round R1 areas 99 recollect 1h
round R2 recollect 2h
open T100 08:00 round R2
late scan T100 ada 08:01 area 99
transfer ada from T100 to T200 09:00
late scan T300 ben 08:01 round R2
open T400 08:00 round R1
transfer ben from T300 to T400 09:00
result T200 positive tested 12:00 reported 13:00
result T400 positive tested 12:00 reported 13:00
order ada due 15:00
order ben due 15:00
