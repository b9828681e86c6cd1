# must resample is closed by any later result: negative, positive, inconclusive, of any tube; an older one closes nothing, nor does another invalid.
# Proves: must/closed-by-any-later
any order
scan T100 ada 08:01
scan T100 ben 08:02
scan T100 cem 08:03
result T100 invalid tested 12:00 reported 13:00
late scan T200 ada 14:00
late scan T300 ben 07:00
late scan T400 cem 14:00
result T200 negative tested 15:00 reported 16:00
result T300 negative tested 11:00 reported 16:00
result T400 invalid tested 15:00 reported 16:00
ada negative
no order ada
ben must_resample because T100
cem must_resample because T100 T400
