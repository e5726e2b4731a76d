"""The supervisor's half of the final waves: weights come out, are checked, and are measured.

workshop  trains, loads, converts and measures one network: start here
talks     what a child may say in each of these jobs
weights   weights from a program's process, checked before they are kept
onnx      an ONNX file from there, likewise
"""
