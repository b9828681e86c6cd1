# A discharge ends the confirmed that coverage counts.
# Proves: coverage/discharge
any order
lab CDC is cdc
round R1 areas 9901
late scan T100 ada 08:01 area 9901 single
result T100 positive tested 12:00 reported 13:00 lab CDC
discharge ada 18:00
coverage R1 9901 expected 1 sampled 1 resulted 1 confirmed 0
