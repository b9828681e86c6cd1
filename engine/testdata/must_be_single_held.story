# A live scan into a mixed tube of somebody held, suspect or confirmed is refused; a late one is taken and flagged. Must_resample is no reason.
# Proves: refusal/must_be_single
lab CDC is cdc
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
scan T200 ben 08:01 single
result T200 positive tested 12:00 reported 13:00
scan T300 cem 08:01 single
result T300 positive tested 12:00 reported 13:00 lab CDC
scan T400 dan 08:01
lost T400 10:00
scan T500 ada 14:00
refused must_be_single
scan T500 ben 14:00 household
refused must_be_single
scan T500 cem 14:00
refused must_be_single
scan T500 dan 14:00
accepted
late scan T500 ada 14:01
accepted
flag must_be_single
flag expects_single
scan T600 ben 14:00 single
accepted
no flags
