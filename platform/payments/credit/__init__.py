"""What members may owe by their word (kasbon, potong gaji): limits, the PIN, and the counter where it is paid
off.
"""
