# Who named no round has the policy of the event that named the tube's, in the version of that event's time, also where it is the same round in another version.
# Proves: round/tube-policy
any order
round default recollect 2h effective 12:10
result T2 invalid tested 12:20 reported 12:20
late scan T2 ada 12:00 single
late scan T2 ben 12:00 single
late scan T2 cem 12:10 single round default
order ada any due 14:20
order ben any due 14:20
order cem any due 14:20
