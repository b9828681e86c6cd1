# A tube closed with another count of swabs than of people is an alert while the counts differ.
# Proves: alert/count_mismatch
scan T100 ada 08:01
close T100 08:10 members 2
flag count_mismatch
alert count_mismatch T100
late scan T100 ben 08:05
no alert T100
