# No event sets a colour. A wrong hold ends by a corrected or withdrawn result, an unscan by the cdc, a merge of identities, or a single negative.
# Proves: state/no-event-sets-a-colour
any order
late scan T1 ada 08:01
result T1 positive tested 12:00 reported 13:00
result T1 negative tested 12:00 reported 14:00 corrected
late scan T2 ben 08:01
result T2 positive tested 12:00 reported 13:00
result T2 positive tested 12:00 reported 14:00 withdrawn
late scan T3 cem 08:01
result T3 positive tested 12:00 reported 13:00
unscan T3 cem 14:00 by cdc
late scan T4 dan 08:01
result T4 positive tested 12:00 reported 13:00
late scan T5 eva 14:00 single
result T5 negative tested 15:00 reported 16:00
merge dan into eva 17:00
late scan T6 fay 08:01
result T6 positive tested 12:00 reported 13:00
late scan T7 fay 14:00 single
result T7 negative tested 15:00 reported 16:00
ada negative
ben sampled
cem unknown
dan negative
fay negative
