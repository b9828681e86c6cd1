# The recheck that ends a suspect is a single tube of one member, of purpose recheck, by a cdc lab, and swabbed later: any of it missing leaves him suspect.
# Proves: suspect/recheck-needs-all
any order
lab CDC is cdc
late scan T1 ada 08:01 single
result T1 positive tested 12:00 reported 13:00
late scan T2 ada 14:00 single
result T2 negative tested 16:00 reported 17:00 lab CDC
late scan T3 ben 08:01 single
result T3 positive tested 12:00 reported 13:00
late scan T4 ben 14:00 single recheck
result T4 negative tested 16:00 reported 17:00 lab L1
late scan T5 cem 08:01 single
result T5 positive tested 12:00 reported 13:00
late scan T6 cem 14:00 single recheck
late scan T6 dan 14:01 single recheck
result T6 negative tested 16:00 reported 17:00 lab CDC
late scan T7 eva 08:01 single
result T7 positive tested 12:00 reported 13:00
late scan T8 eva 08:01 single recheck
result T8 negative tested 16:00 reported 17:00 lab CDC
late scan T9 fay 08:01 single
result T9 positive tested 12:00 reported 13:00
late scan T10 fay 14:00 pool recheck
result T10 negative tested 16:00 reported 17:00 lab CDC
ada suspect because T1
ben suspect because T3
cem suspect because T5
eva suspect because T7
fay suspect because T9
