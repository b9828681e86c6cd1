# Of those sampled in the round: how many are negative, held, suspect and confirmed now.
# Proves: coverage/states
any order
lab CDC is cdc
round R1 areas 9901
late scan T1 ada 08:01 area 9901
late scan T2 ben 08:01 area 9901 single
late scan T3 cem 08:01 area 9901 single
late scan T4 dan 08:01 area 9901
late scan T5 eva 08:01 area 9901
result T1 positive tested 12:00 reported 13:00
result T2 positive tested 12:00 reported 13:00
result T3 positive tested 12:00 reported 13:00 lab CDC
result T4 negative tested 12:00 reported 13:00
coverage R1 9901 sampled 5 resulted 4 held 1 suspect 1 confirmed 1 negative 1 must_resample 0
