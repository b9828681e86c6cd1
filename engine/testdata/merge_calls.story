# Whoever of the identities was called: the order shows it.
# Proves: merge/calls
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
ack ada 13:30
merge ada into eva 12:00
order eva acknowledged
