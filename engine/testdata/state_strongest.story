# State: the strongest open cause, confirmed > suspect > held > must_resample > sampled (pending) > negative > unknown.
# Proves: state/strongest
any order
lab CDC is cdc
late scan T1 ada 07:00
result T1 negative tested 07:30 reported 07:40
ada negative
late scan T2 ada 12:00
ada sampled
late scan T3 ada 11:50
void T3 11:55
ada must_resample because T3
late scan T4 ada 11:40
result T4 inconclusive tested 12:30 reported 12:40
ada held because T3 T4
late scan T5 ada 11:30 single
result T5 positive tested 12:30 reported 13:00
ada suspect because T3 T4 T5
late scan T6 ada 11:20 single
result T6 positive tested 12:30 reported 13:30 lab CDC
ada confirmed because T3 T4 T5 T6
ada since 13:30
ada pending T2
ada last negative T1
