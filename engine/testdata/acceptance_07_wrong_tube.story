# Acceptance 7: withdrawn for the wrong tube: members revert to sampled without a result, not to negative.
# Proves: acceptance/7
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
result T100 positive tested 12:00 reported 14:00 withdrawn
ada sampled
ada pending T100
ada no negative
no order ada
