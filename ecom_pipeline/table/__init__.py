"""The DynamoDB table as batch jobs read and change it; the functions' access is in realtime/."""
