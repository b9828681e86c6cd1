# A positive counts for every member, also for one swabbed after the test.
# Proves: outcome/positive-counts-always
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T100 ben 12:30
flag after_result
ada held because T100
ben held because T100
order ben due 19:00
