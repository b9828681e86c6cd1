# A transferred person's test belongs to the round of the tube where he lies, else to that of his own scan.
# Proves: round/transferred
any order
round R1 areas 99 recollect 1h
round R2 recollect 2h
late scan T100 ada 08:01 area 99
transfer ada from T100 to T200 09:00
late scan T300 ben 08:01 area 99
open T400 08:00 round R2
transfer ben from T300 to T400 09:00
result T200 positive tested 12:00 reported 13:00
result T400 positive tested 12:00 reported 13:00
order ada due 14:00
order ben due 15:00
