# Acceptance 11: a person moved between tubes after the result, and a tube moved wholesale: history kept, states worked out anew.
# Proves: acceptance/11
any order
scan T100 ada 08:01
scan T100 ben 08:02
result T100 negative tested 12:00 reported 13:00
result T200 positive tested 12:00 reported 13:30
transfer ada from T100 to T200 14:00 because mixed-up
ben negative
ada held because T200
order ada due 19:30
scan T300 cem 08:01
scan T300 dan 08:02
transfer cem from T300 to T400 09:00 because broken
transfer dan from T300 to T400 09:00 because broken
result T400 negative tested 12:00 reported 13:00
cem negative
dan negative
cem last negative T400
tube T300 holds nobody
tube T400 holds cem dan
