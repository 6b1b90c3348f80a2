resource "aws_instance" "web" {
  ami                    = "ami-12c6146b"
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.web.id]
  tags                   = { Name = "mixed-web", team = "web" }
}

resource "aws_ebs_volume" "data" {
  availability_zone = "us-east-1a"
  size              = 8
  type              = "gp3"
  tags              = { Name = "mixed-data" }
}

resource "aws_key_pair" "operator" {
  key_name   = "mixed-operator"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGbfUdUvqj1H9k5k2FZ0PgfmIuFbKGTWx0+9wfn4J4Jp operator@example"
  tags       = { team = "web" }
}

resource "aws_launch_template" "web" {
  name          = "mixed-web"
  image_id      = "ami-12c6146b"
  instance_type = "t3.micro"
  description   = "web servers"
}

resource "aws_autoscaling_group" "web" {
  name                      = "mixed-web"
  min_size                  = 0
  max_size                  = 2
  desired_capacity          = 0
  vpc_zone_identifier       = [aws_subnet.a.id]
  wait_for_capacity_timeout = "0"

  launch_template {
    id      = aws_launch_template.web.id
    version = "$Latest"
  }

  tag {
    key                 = "team"
    value               = "web"
    propagate_at_launch = true
  }
}

resource "aws_lb" "web" {
  name               = "mixed-web"
  load_balancer_type = "application"
  internal           = true
  idle_timeout       = 45
  subnets            = [aws_subnet.a.id, aws_subnet.b.id]
  security_groups    = [aws_security_group.web.id]
  tags               = { team = "web" }
}

resource "aws_lb_target_group" "web" {
  name     = "mixed-web"
  port     = 80
  protocol = "HTTP"
  vpc_id   = aws_vpc.main.id

  health_check {
    path                = "/healthz"
    interval            = 15
    healthy_threshold   = 3
    unhealthy_threshold = 2
  }

  tags = { team = "web" }
}

resource "aws_lb_listener" "web" {
  load_balancer_arn = aws_lb.web.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web.arn
  }
}

resource "aws_lb_target_group_attachment" "web" {
  target_group_arn = aws_lb_target_group.web.arn
  target_id        = aws_instance.web.id
  port             = 80
}

resource "aws_lambda_function" "worker" {
  function_name    = "mixed-worker"
  role             = aws_iam_role.service.arn
  handler          = "index.handler"
  runtime          = "python3.12"
  filename         = "${path.module}/function.zip"
  source_code_hash = filebase64sha256("${path.module}/function.zip")
  timeout          = 30
  memory_size      = 256

  environment {
    variables = { LEVEL = "info" }
  }

  tags = { team = "web" }
}

resource "aws_lambda_permission" "events" {
  statement_id  = "events"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.worker.function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.nightly.arn
}

resource "aws_ecr_repository" "web" {
  name                 = "mixed/web"
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  tags = { team = "web" }
}

resource "aws_ecs_cluster" "main" {
  name = "mixed"

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  tags = { team = "web" }
}

resource "aws_ecs_task_definition" "web" {
  family = "mixed-web"
  container_definitions = jsonencode([{
    name      = "web"
    image     = "web:1"
    cpu       = 64
    memory    = 128
    essential = true
  }])
  tags = { team = "web" }
}
