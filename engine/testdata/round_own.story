# The round: the scan's own first.
# Proves: round/own
any order
round R1 recollect 2h
round R2 recollect 1h
open T100 07:00 round R2
late scan T100 ada 08:01 round R1
result T100 positive tested 12:00 reported 13:00
order ada due 15:00
coverage R1 all sampled 1
coverage R2 all sampled 0
