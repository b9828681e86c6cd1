# Of two versions of one effective_at the one put later is in force.
# Proves: policy/equal-effective_at
any order
round R1 recollect 2h
round R1 recollect 4h effective 12:00
round R1 recollect 3h effective 12:00
late scan T100 ada 12:30
result T100 positive tested 13:00 reported 14:00
order ada due 17:00
