# The first version of a round is in force for ever, also before it was put and before its effective_at.
# Proves: policy/first-for-ever
it is 11:00
round R1 recollect 2h effective 12:00
late scan T100 ada 07:00
result T100 positive tested 13:00 reported 14:00
order ada due 16:00
