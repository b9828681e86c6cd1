# Acceptance 4: a person red from a single tube; afterwards an older negative and an older mixed positive arrive: stays red.
# Proves: acceptance/4
any order
late scan T300 ada 14:00 single
result T300 positive tested 16:00 reported 17:00
late scan T100 ada 08:00 single
result T100 negative tested 12:00 reported 20:00
late scan T200 ada 09:00
result T200 positive tested 12:00 reported 21:00
ada suspect because T300
ada since 17:00
no order ada
