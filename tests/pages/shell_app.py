"""A tiny application that draws the sample contexts, for a browser to look at."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.staticfiles import StaticFiles

from medcontrol.queries.file_page import FileTab
from tests.pages import shell_samples as samples
from ui.rendering import STATIC, render
from ui.security import SecurityHeaders
from ui.shell import Shell, ShellUser, Theme

BPMN = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
  xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
  xmlns:di="http://www.omg.org/spec/DD/20100524/DI">
<process id="p" isExecutable="true"><startEvent id="start"/><userTask id="completeness"
 name="Vérification des pièces"/><userTask id="control" name="Contrôle sur dossier"/>
 <endEvent id="end"/>
 <sequenceFlow id="f1" sourceRef="start" targetRef="completeness"/>
 <sequenceFlow id="f2" sourceRef="completeness" targetRef="control"/>
 <sequenceFlow id="f3" sourceRef="control" targetRef="end"/></process>
<bpmndi:BPMNDiagram id="g"><bpmndi:BPMNPlane id="pl" bpmnElement="p">
<bpmndi:BPMNShape id="s1" bpmnElement="start"><dc:Bounds x="150" y="102" width="36" height="36"/>
</bpmndi:BPMNShape>
<bpmndi:BPMNShape id="s2" bpmnElement="completeness">
<dc:Bounds x="250" y="80" width="120" height="80"/></bpmndi:BPMNShape>
<bpmndi:BPMNShape id="s3" bpmnElement="control">
<dc:Bounds x="440" y="80" width="120" height="80"/></bpmndi:BPMNShape>
<bpmndi:BPMNShape id="s4" bpmnElement="end"><dc:Bounds x="630" y="102" width="36" height="36"/>
</bpmndi:BPMNShape>
<bpmndi:BPMNEdge id="e1" bpmnElement="f1"><di:waypoint x="186" y="120"/>
<di:waypoint x="250" y="120"/></bpmndi:BPMNEdge>
<bpmndi:BPMNEdge id="e2" bpmnElement="f2"><di:waypoint x="370" y="120"/>
<di:waypoint x="440" y="120"/></bpmndi:BPMNEdge>
<bpmndi:BPMNEdge id="e3" bpmnElement="f3"><di:waypoint x="560" y="120"/>
<di:waypoint x="630" y="120"/></bpmndi:BPMNEdge>
</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></definitions>"""

app = FastAPI()
app.add_middleware(SecurityHeaders)
app.mount("/static", StaticFiles(directory=STATIC))


def _shell(request: Request, user: ShellUser | None = samples.DOCTOR) -> Shell:
    query = request.query_params
    return replace(
        samples.SHELL,
        language=query.get("lang", "fr"),
        path=request.url.path,
        theme=Theme(query.get("theme", "light")),
        user=user,
    )


@app.get("/queue")
def queue(request: Request) -> Response:
    """The queue, or an empty one."""
    request.state.shell = _shell(request)
    page = samples.empty_queue_page() if "empty" in request.query_params else samples.queue_page()
    return render(request, "queue.html", page)


@app.get("/files/{reference}")
def file(request: Request, reference: str, tab: FileTab = FileTab.SUMMARY) -> Response:
    """The file, on a tab."""
    request.state.shell = _shell(request)
    return render(request, "file.html", samples.file_page(tab))


@app.get("/login")
def login(request: Request) -> Response:
    """The login page with demonstration accounts."""
    request.state.shell = _shell(request, user=None)
    return render(request, "login.html", samples.LOGIN)


@app.get("/error")
def error(request: Request) -> Response:
    """A refusal."""
    request.state.shell = _shell(request)
    return render(request, "error.html", samples.ERROR, status_code=403)


@app.get("/sample.bpmn")
def diagram() -> Response:
    """A small diagram with its layout."""
    return Response(BPMN, media_type="application/xml")


@contextmanager
def serve() -> Iterator[str]:
    """Serve the samples on a free port of this machine; yield the address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", ws="none")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
