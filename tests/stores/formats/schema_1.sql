-- A study as rung 0.1.0 wrote it (schema 1): sqlite3 rung.db .dump
BEGIN TRANSACTION;
CREATE TABLE events (
	study INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	time FLOAT NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	trial INTEGER, 
	data TEXT NOT NULL, 
	PRIMARY KEY (study, seq), 
	FOREIGN KEY(study) REFERENCES studies (id)
)
 WITHOUT ROWID

;
INSERT INTO "events" VALUES(1,1,1.79530686574586057662e+09,'Opened',NULL,'{"type":"Opened","spec":{"name":"digits","space":{"lr":{"type":"float","low":0.00001,"high":0.1,"log":true,"default":0.001},"optimizer":{"type":"choice","options":{"adam":{"beta1":{"type":"float","low":0.8,"high":0.99}},"sgd":{"momentum":{"type":"float","low":0.0,"high":0.99}}}}},"objectives":[{"metric":"loss"}],"resource":{"type":"steps","unit":"step"},"scheduler":{"type":"asha","max_resource":9},"searcher":{"type":"random"},"seed":0,"retries":3},"versions":{"rung":"0.1.0","python":"3.11.7","numpy":"2.4.6"}}');
INSERT INTO "events" VALUES(1,2,1.79530686577555203438e+09,'Enqueued',NULL,'{"type":"Enqueued","config":{"lr":0.02,"optimizer":"adam","beta1":0.9}}');
INSERT INTO "events" VALUES(1,3,1.79530686579570341113e+09,'BudgetChanged',NULL,'{"type":"BudgetChanged","budget":{"trials":12}}');
INSERT INTO "events" VALUES(1,4,1.79530686579595541952e+09,'Created',0,'{"type":"Created","trial":0,"config":{"lr":0.02,"optimizer":"adam","beta1":0.9},"source":"enqueued","seed":755338224,"seen":3}');
INSERT INTO "events" VALUES(1,5,1.79530686579595541952e+09,'Started',0,'{"type":"Started","job":0,"trial":0,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,6,1.79530686579609465598e+09,'Reported',0,'{"type":"Reported","job":0,"trial":0,"resource":1,"metrics":{"loss":0.01},"seconds":0.000011475000064820051,"cost":0.0}');
INSERT INTO "events" VALUES(1,7,1.79530686579614949223e+09,'Ended',0,'{"type":"Ended","job":0,"trial":0,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,8,1.79530686580949521064e+09,'Saved',0,'{"type":"Saved","job":0,"trial":0,"resource":1,"checkpoint":"0/1.0","size_bytes":1,"seconds":0.013250338000943884}');
INSERT INTO "events" VALUES(1,9,1.79530686581081390384e+09,'Created',1,'{"type":"Created","trial":1,"config":{"lr":0.0000213657022553,"optimizer":"sgd","momentum":0.5863827284654},"source":"searcher","seed":333062860,"seen":8}');
INSERT INTO "events" VALUES(1,10,1.79530686581081390384e+09,'Started',1,'{"type":"Started","job":1,"trial":1,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,11,1.79530686581097626681e+09,'Reported',1,'{"type":"Reported","job":1,"trial":1,"resource":1,"metrics":{"loss":0.0099786342977447},"seconds":0.000011906002328032628,"cost":0.0}');
INSERT INTO "events" VALUES(1,12,1.79530686581103420254e+09,'Ended',1,'{"type":"Ended","job":1,"trial":1,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,13,1.79530686581508564948e+09,'Saved',1,'{"type":"Saved","job":1,"trial":1,"resource":1,"checkpoint":"1/1.1","size_bytes":1,"seconds":0.003955473999667447}');
INSERT INTO "events" VALUES(1,14,1795306865.81527,'Created',2,'{"type":"Created","trial":2,"config":{"lr":0.0694262590755,"optimizer":"sgd","momentum":0.2373734896947},"source":"searcher","seed":646411910,"seen":13}');
INSERT INTO "events" VALUES(1,15,1795306865.81527,'Started',2,'{"type":"Started","job":2,"trial":2,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,16,1.79530686581538510317e+09,'Reported',2,'{"type":"Reported","job":2,"trial":2,"resource":1,"metrics":{"loss":0.0594262590755},"seconds":8.629998774267733e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,17,1.79530686581542634969e+09,'Ended',2,'{"type":"Ended","job":2,"trial":2,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,18,1.79530686582420539857e+09,'Saved',2,'{"type":"Saved","job":2,"trial":2,"resource":1,"checkpoint":"2/1.2","size_bytes":1,"seconds":0.008694238000316545}');
INSERT INTO "events" VALUES(1,19,1.79530686582440328598e+09,'Started',1,'{"type":"Started","job":3,"trial":1,"start":1,"target":3,"worker":0,"why":{"rule":"promoted","resource":1,"of":3,"keep":1},"restore":"1/1.1"}');
INSERT INTO "events" VALUES(1,20,1.79530686582466077801e+09,'Reported',1,'{"type":"Reported","job":3,"trial":1,"resource":2,"metrics":{"loss":0.00498931714887235},"seconds":0.0001554200025566388,"cost":0.0}');
INSERT INTO "events" VALUES(1,21,1.79530686582474470133e+09,'Reported',1,'{"type":"Reported","job":3,"trial":1,"resource":3,"metrics":{"loss":0.003326211432581567},"seconds":8.103001164272428e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,22,1795306865.82477,'Ended',1,'{"type":"Ended","job":3,"trial":1,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,23,1.795306865828009367e+09,'Saved',1,'{"type":"Saved","job":3,"trial":1,"resource":3,"checkpoint":"1/3.3","size_bytes":1,"seconds":0.0030101070005912334}');
INSERT INTO "events" VALUES(1,24,1.79530686582805323599e+09,'Dropped',1,'{"type":"Dropped","trial":1,"checkpoint":"1/1.1"}');
INSERT INTO "events" VALUES(1,25,1.79530686582822823519e+09,'Created',3,'{"type":"Created","trial":3,"config":{"lr":0.000392493912726,"optimizer":"adam","beta1":0.89840501437},"source":"searcher","seed":2004648626,"seen":24}');
INSERT INTO "events" VALUES(1,26,1.79530686582822823519e+09,'Started',3,'{"type":"Started","job":4,"trial":3,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,27,1.79530686582835078239e+09,'Reported',3,'{"type":"Reported","job":4,"trial":3,"resource":1,"metrics":{"loss":0.009607506087274},"seconds":0.00001020399940898642,"cost":0.0}');
INSERT INTO "events" VALUES(1,28,1.79530686582839059829e+09,'Ended',3,'{"type":"Ended","job":4,"trial":3,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,29,1.79530686583386468887e+09,'Saved',3,'{"type":"Saved","job":4,"trial":3,"resource":1,"checkpoint":"3/1.4","size_bytes":1,"seconds":0.005393450002884492}');
INSERT INTO "events" VALUES(1,30,1.79530686583403086657e+09,'Started',3,'{"type":"Started","job":5,"trial":3,"start":1,"target":3,"worker":0,"why":{"rule":"promoted","resource":1,"of":4,"keep":1},"restore":"3/1.4"}');
INSERT INTO "events" VALUES(1,31,1.79530686583430290226e+09,'Reported',3,'{"type":"Reported","job":5,"trial":3,"resource":2,"metrics":{"loss":0.004803753043637},"seconds":0.00016201099788304418,"cost":0.0}');
INSERT INTO "events" VALUES(1,32,1.79530686583451128002e+09,'Reported',3,'{"type":"Reported","job":5,"trial":3,"resource":3,"metrics":{"loss":0.0032025020290913334},"seconds":5.51899938727729e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,33,1.79530686583454704291e+09,'Ended',3,'{"type":"Ended","job":5,"trial":3,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,34,1.79530686583732271193e+09,'Saved',3,'{"type":"Saved","job":5,"trial":3,"resource":3,"checkpoint":"3/3.5","size_bytes":1,"seconds":0.002679033001186326}');
INSERT INTO "events" VALUES(1,35,1.79530686583736848833e+09,'Dropped',3,'{"type":"Dropped","trial":3,"checkpoint":"3/1.4"}');
INSERT INTO "events" VALUES(1,36,1.79530686583754301071e+09,'Created',4,'{"type":"Created","trial":4,"config":{"lr":0.0000271355399811,"optimizer":"sgd","momentum":0.4793142421841},"source":"searcher","seed":1473776983,"seen":35}');
INSERT INTO "events" VALUES(1,37,1.79530686583754301071e+09,'Started',4,'{"type":"Started","job":6,"trial":4,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,38,1.79530686583766651157e+09,'Reported',4,'{"type":"Reported","job":6,"trial":4,"resource":1,"metrics":{"loss":0.0099728644600189},"seconds":9.881998266791925e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,39,1.79530686583769607546e+09,'Ended',4,'{"type":"Ended","job":6,"trial":4,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,40,1.79530686584017038342e+09,'Saved',4,'{"type":"Saved","job":6,"trial":4,"resource":1,"checkpoint":"4/1.6","size_bytes":1,"seconds":0.00234159899991937}');
INSERT INTO "events" VALUES(1,41,1.79530686584034276011e+09,'Created',5,'{"type":"Created","trial":5,"config":{"lr":0.0000100195319792,"optimizer":"sgd","momentum":0.0722829973214},"source":"searcher","seed":41447350,"seen":40}');
INSERT INTO "events" VALUES(1,42,1.79530686584034276011e+09,'Started',5,'{"type":"Started","job":7,"trial":5,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,43,1.79530686584112977987e+09,'Ended',5,'{"type":"Ended","job":7,"trial":5,"outcome":"failed","failure":{"fault":"configuration","type":"ValueError","message":"no","traceback":"Traceback (most recent call last):\n  File \"train.py\", line 9, in train\n    if trial.number == 5: raise ValueError(\"no\")\n                          ^^^^^^^^^^^^^^^^^^^^^^\nValueError: no\n","place":"/tmp/fix.py:9"}}');
INSERT INTO "events" VALUES(1,44,1.79530686584126186375e+09,'Started',4,'{"type":"Started","job":8,"trial":4,"start":1,"target":3,"worker":0,"why":{"rule":"promoted","resource":1,"of":6,"keep":2},"restore":"4/1.6"}');
INSERT INTO "events" VALUES(1,45,1.79530686584144759179e+09,'Reported',4,'{"type":"Reported","job":8,"trial":4,"resource":2,"metrics":{"loss":0.00498643223000945},"seconds":0.00012675700054387562,"cost":0.0}');
INSERT INTO "events" VALUES(1,46,1.79530686584149956706e+09,'Reported',4,'{"type":"Reported","job":8,"trial":4,"resource":3,"metrics":{"loss":0.003324288153339633},"seconds":2.7469977794680744e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,47,1.79530686584151959422e+09,'Ended',4,'{"type":"Ended","job":8,"trial":4,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,48,1.79530686585098218921e+09,'Saved',4,'{"type":"Saved","job":8,"trial":4,"resource":3,"checkpoint":"4/3.8","size_bytes":1,"seconds":0.009383726999658393}');
INSERT INTO "events" VALUES(1,49,1.79530686585103726386e+09,'Dropped',4,'{"type":"Dropped","trial":4,"checkpoint":"4/1.6"}');
INSERT INTO "events" VALUES(1,50,1.79530686585114693642e+09,'Started',3,'{"type":"Started","job":9,"trial":3,"start":3,"target":9,"worker":0,"why":{"rule":"promoted","resource":3,"of":3,"keep":1},"restore":"3/3.5"}');
INSERT INTO "events" VALUES(1,51,1.79530686585144209866e+09,'Reported',3,'{"type":"Reported","job":9,"trial":3,"resource":4,"metrics":{"loss":0.0024018765218185},"seconds":0.0001551019995531533,"cost":0.0}');
INSERT INTO "events" VALUES(1,52,1.79530686585150671009e+09,'Reported',3,'{"type":"Reported","job":9,"trial":3,"resource":5,"metrics":{"loss":0.0019215012174548002},"seconds":2.949996996903792e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,53,1.79530686585153174397e+09,'Reported',3,'{"type":"Reported","job":9,"trial":3,"resource":6,"metrics":{"loss":0.0016012510145456667},"seconds":1.862998033175245e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,54,1.79530686585155558592e+09,'Reported',3,'{"type":"Reported","job":9,"trial":3,"resource":7,"metrics":{"loss":0.0013725008696105715},"seconds":2.025000867433846e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,55,1.79530686585157752037e+09,'Reported',3,'{"type":"Reported","job":9,"trial":3,"resource":8,"metrics":{"loss":0.00120093826090925},"seconds":1.9270009943284094e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,56,1.79530686585160160063e+09,'Reported',3,'{"type":"Reported","job":9,"trial":3,"resource":9,"metrics":{"loss":0.0010675006763637778},"seconds":1.6920021153055131e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,57,1.7953068658516175747e+09,'Ended',3,'{"type":"Ended","job":9,"trial":3,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,58,1.79530686585453534125e+09,'Saved',3,'{"type":"Saved","job":9,"trial":3,"resource":9,"checkpoint":"3/9.9","size_bytes":1,"seconds":0.0028504119982244447}');
INSERT INTO "events" VALUES(1,59,1.79530686585457038883e+09,'Dropped',3,'{"type":"Dropped","trial":3,"checkpoint":"3/3.5"}');
INSERT INTO "events" VALUES(1,60,1.79530686585470438008e+09,'Created',6,'{"type":"Created","trial":6,"config":{"lr":0.0000819345078131,"optimizer":"sgd","momentum":0.7699870734976},"source":"searcher","seed":1792505160,"seen":59}');
INSERT INTO "events" VALUES(1,61,1.79530686585470438008e+09,'Started',6,'{"type":"Started","job":10,"trial":6,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,62,1.79530686585478639607e+09,'Reported',6,'{"type":"Reported","job":10,"trial":6,"resource":1,"metrics":{"loss":0.0099180654921869},"seconds":8.585000614402816e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,63,1.79530686585480952262e+09,'Ended',6,'{"type":"Ended","job":10,"trial":6,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,64,1.79530686586207365992e+09,'Saved',6,'{"type":"Saved","job":10,"trial":6,"resource":1,"checkpoint":"6/1.10","size_bytes":1,"seconds":0.007209979001345346}');
INSERT INTO "events" VALUES(1,65,1.79530686586220574376e+09,'Started',6,'{"type":"Started","job":11,"trial":6,"start":1,"target":3,"worker":0,"why":{"rule":"promoted","resource":1,"of":7,"keep":2},"restore":"6/1.10"}');
INSERT INTO "events" VALUES(1,66,1.7953068658671569824e+09,'Reported',6,'{"type":"Reported","job":11,"trial":6,"resource":2,"metrics":{"loss":0.00495903274609345},"seconds":0.00015157400048337877,"cost":0.0}');
INSERT INTO "events" VALUES(1,67,1.79530686586723589896e+09,'Reported',6,'{"type":"Reported","job":11,"trial":6,"resource":3,"metrics":{"loss":0.003306021830728967},"seconds":3.0529990908689797e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,68,1.79530686586725306513e+09,'Ended',6,'{"type":"Ended","job":11,"trial":6,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,69,1.79530686587795972825e+09,'Saved',6,'{"type":"Saved","job":11,"trial":6,"resource":3,"checkpoint":"6/3.11","size_bytes":1,"seconds":0.01062479199754307}');
INSERT INTO "events" VALUES(1,70,1.79530686587800741198e+09,'Dropped',6,'{"type":"Dropped","trial":6,"checkpoint":"6/1.10"}');
INSERT INTO "events" VALUES(1,71,1.79530686587816119196e+09,'Created',7,'{"type":"Created","trial":7,"config":{"lr":0.0000600802472859,"optimizer":"sgd","momentum":0.2495128812357},"source":"searcher","seed":921133394,"seen":70}');
INSERT INTO "events" VALUES(1,72,1.79530686587816119196e+09,'Started',7,'{"type":"Started","job":12,"trial":7,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,73,1.79530686587829685211e+09,'Reported',7,'{"type":"Reported","job":12,"trial":7,"resource":1,"metrics":{"loss":0.0099399197527141},"seconds":0.000010332001693313941,"cost":0.0}');
INSERT INTO "events" VALUES(1,74,1.79530686587832212443e+09,'Ended',7,'{"type":"Ended","job":12,"trial":7,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,75,1.79530686588145875926e+09,'Saved',7,'{"type":"Saved","job":12,"trial":7,"resource":1,"checkpoint":"7/1.12","size_bytes":1,"seconds":0.0030752599996048957}');
INSERT INTO "events" VALUES(1,76,1.79530686588160800932e+09,'Created',8,'{"type":"Created","trial":8,"config":{"lr":0.0211737370882,"optimizer":"adam","beta1":0.9148517317727},"source":"searcher","seed":640665370,"seen":75}');
INSERT INTO "events" VALUES(1,77,1.79530686588160800932e+09,'Started',8,'{"type":"Started","job":13,"trial":8,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,78,1.79530686588168883325e+09,'Reported',8,'{"type":"Reported","job":13,"trial":8,"resource":1,"metrics":{"loss":0.0111737370882},"seconds":8.757997420616448e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,79,1.79530686588177251818e+09,'Ended',8,'{"type":"Ended","job":13,"trial":8,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,80,1.79530686588984346387e+09,'Saved',8,'{"type":"Saved","job":13,"trial":8,"resource":1,"checkpoint":"8/1.13","size_bytes":1,"seconds":0.0080064339999808}');
INSERT INTO "events" VALUES(1,81,1.79530686588998579979e+09,'Started',7,'{"type":"Started","job":14,"trial":7,"start":1,"target":3,"worker":0,"why":{"rule":"promoted","resource":1,"of":9,"keep":3},"restore":"7/1.12"}');
INSERT INTO "events" VALUES(1,82,1.79530686589045810697e+09,'Reported',7,'{"type":"Reported","job":14,"trial":7,"resource":2,"metrics":{"loss":0.00496995987635705},"seconds":0.0003436839979258366,"cost":0.0}');
INSERT INTO "events" VALUES(1,83,1.79530686589052033419e+09,'Reported',7,'{"type":"Reported","job":14,"trial":7,"resource":3,"metrics":{"loss":0.003313306584238033},"seconds":2.606000634841621e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,84,1.7953068658905377388e+09,'Ended',7,'{"type":"Ended","job":14,"trial":7,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,85,1.79530686589405584331e+09,'Saved',7,'{"type":"Saved","job":14,"trial":7,"resource":3,"checkpoint":"7/3.14","size_bytes":1,"seconds":0.003450063999480335}');
INSERT INTO "events" VALUES(1,86,1.79530686589409208299e+09,'Dropped',7,'{"type":"Dropped","trial":7,"checkpoint":"7/1.12"}');
INSERT INTO "events" VALUES(1,87,1.79530686589420723914e+09,'Created',9,'{"type":"Created","trial":9,"config":{"lr":0.00551631049511,"optimizer":"sgd","momentum":0.3025024715376},"source":"searcher","seed":199136903,"seen":86}');
INSERT INTO "events" VALUES(1,88,1.79530686589420723914e+09,'Started',9,'{"type":"Started","job":15,"trial":9,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,89,1.7953068658942809105e+09,'Reported',9,'{"type":"Reported","job":15,"trial":9,"resource":1,"metrics":{"loss":0.00448368950489},"seconds":8.719998731976375e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,90,1.79530686589430451389e+09,'Ended',9,'{"type":"Ended","job":15,"trial":9,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,91,1.7953068658989341259e+09,'Saved',9,'{"type":"Saved","job":15,"trial":9,"resource":1,"checkpoint":"9/1.15","size_bytes":1,"seconds":0.004571718000079272}');
INSERT INTO "events" VALUES(1,92,1.79530686589906358723e+09,'Started',9,'{"type":"Started","job":16,"trial":9,"start":1,"target":3,"worker":0,"why":{"rule":"promoted","resource":1,"of":10,"keep":3},"restore":"9/1.15"}');
INSERT INTO "events" VALUES(1,93,1.79530686589926934248e+09,'Reported',9,'{"type":"Reported","job":16,"trial":9,"resource":2,"metrics":{"loss":0.002241844752445},"seconds":0.00013939599739387631,"cost":0.0}');
INSERT INTO "events" VALUES(1,94,1795306865.89932,'Reported',9,'{"type":"Reported","job":16,"trial":9,"resource":3,"metrics":{"loss":0.0014945631682966667},"seconds":2.320000930922106e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,95,1.79530686589933705325e+09,'Ended',9,'{"type":"Ended","job":16,"trial":9,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,96,1.7953068659044742584e+09,'Saved',9,'{"type":"Saved","job":16,"trial":9,"resource":3,"checkpoint":"9/3.16","size_bytes":1,"seconds":0.005073668999102665}');
INSERT INTO "events" VALUES(1,97,1.79530686590451884271e+09,'Dropped',9,'{"type":"Dropped","trial":9,"checkpoint":"9/1.15"}');
INSERT INTO "events" VALUES(1,98,1.7953068659046313763e+09,'Started',9,'{"type":"Started","job":17,"trial":9,"start":3,"target":9,"worker":0,"why":{"rule":"promoted","resource":3,"of":6,"keep":2},"restore":"9/3.16"}');
INSERT INTO "events" VALUES(1,99,1.79530686590485787394e+09,'Reported',9,'{"type":"Reported","job":17,"trial":9,"resource":4,"metrics":{"loss":0.0011209223762225},"seconds":0.00015233700105454773,"cost":0.0}');
INSERT INTO "events" VALUES(1,100,1.79530686590491604798e+09,'Reported',9,'{"type":"Reported","job":17,"trial":9,"resource":5,"metrics":{"loss":0.0008967379009780001},"seconds":2.5139997887890786e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,101,1.7953068659049420357e+09,'Reported',9,'{"type":"Reported","job":17,"trial":9,"resource":6,"metrics":{"loss":0.0007472815841483334},"seconds":2.348002453800291e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,102,1.79530686590496540069e+09,'Reported',9,'{"type":"Reported","job":17,"trial":9,"resource":7,"metrics":{"loss":0.0006405270721271429},"seconds":1.8139980966225266e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,103,1.79530686590498805041e+09,'Reported',9,'{"type":"Reported","job":17,"trial":9,"resource":8,"metrics":{"loss":0.00056046118811125},"seconds":1.782002073014155e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,104,1.79530686590501093865e+09,'Reported',9,'{"type":"Reported","job":17,"trial":9,"resource":9,"metrics":{"loss":0.0004981877227655556},"seconds":1.4730030670762062e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,105,1.79530686590502834313e+09,'Ended',9,'{"type":"Ended","job":17,"trial":9,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,106,1.79530686590507292752e+09,'Dropped',3,'{"type":"Dropped","trial":3,"checkpoint":"3/9.9"}');
INSERT INTO "events" VALUES(1,107,1.7953068659106152057e+09,'Saved',9,'{"type":"Saved","job":17,"trial":9,"resource":9,"checkpoint":"9/9.17","size_bytes":1,"seconds":0.005498335001902888}');
INSERT INTO "events" VALUES(1,108,1.79530686591070628163e+09,'Dropped',9,'{"type":"Dropped","trial":9,"checkpoint":"9/3.16"}');
INSERT INTO "events" VALUES(1,109,1.79530686591090130801e+09,'Created',10,'{"type":"Created","trial":10,"config":{"lr":0.0376427822141,"optimizer":"sgd","momentum":0.4871047453801},"source":"searcher","seed":1350605531,"seen":108}');
INSERT INTO "events" VALUES(1,110,1.79530686591090130801e+09,'Started',10,'{"type":"Started","job":18,"trial":10,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,111,1.79530686591405105583e+09,'Reported',10,'{"type":"Reported","job":18,"trial":10,"resource":1,"metrics":{"loss":0.0276427822141},"seconds":0.000015614001313224435,"cost":0.0}');
INSERT INTO "events" VALUES(1,112,1.79530686591411662101e+09,'Ended',10,'{"type":"Ended","job":18,"trial":10,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,113,1.79530686591863274572e+09,'Saved',10,'{"type":"Saved","job":18,"trial":10,"resource":1,"checkpoint":"10/1.18","size_bytes":1,"seconds":0.004441320001205895}');
INSERT INTO "events" VALUES(1,114,1.79530686591879773137e+09,'Created',11,'{"type":"Created","trial":11,"config":{"lr":0.000101391981336,"optimizer":"adam","beta1":0.8844017633197},"source":"searcher","seed":1029211506,"seen":113}');
INSERT INTO "events" VALUES(1,115,1.79530686591879773137e+09,'Started',11,'{"type":"Started","job":19,"trial":11,"start":0,"target":1,"worker":0,"why":{"rule":"new"}}');
INSERT INTO "events" VALUES(1,116,1.79530686592615461348e+09,'Reported',11,'{"type":"Reported","job":19,"trial":11,"resource":1,"metrics":{"loss":0.009898608018664},"seconds":0.000014327000826597214,"cost":0.0}');
INSERT INTO "events" VALUES(1,117,1.79530686592621302605e+09,'Ended',11,'{"type":"Ended","job":19,"trial":11,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,118,1795306865.92815,'Saved',11,'{"type":"Saved","job":19,"trial":11,"resource":1,"checkpoint":"11/1.19","size_bytes":1,"seconds":0.0018593660024635028}');
INSERT INTO "events" VALUES(1,119,1.79530686592825627326e+09,'Closed',NULL,'{"type":"Closed","why":{"rule":"budget of trials","of":12}}');
INSERT INTO "events" VALUES(1,120,1.79530686592833018302e+09,'Started',11,'{"type":"Started","job":20,"trial":11,"start":1,"target":3,"worker":0,"why":{"rule":"promoted","resource":1,"of":12,"keep":4},"restore":"11/1.19"}');
INSERT INTO "events" VALUES(1,121,1.7953068659285211563e+09,'Reported',11,'{"type":"Reported","job":20,"trial":11,"resource":2,"metrics":{"loss":0.004949304009332},"seconds":0.00013046400272287428,"cost":0.0}');
INSERT INTO "events" VALUES(1,122,1.79530686592856788628e+09,'Reported',11,'{"type":"Reported","job":20,"trial":11,"resource":3,"metrics":{"loss":0.0032995360062213334},"seconds":2.173997927457094e-6,"cost":0.0}');
INSERT INTO "events" VALUES(1,123,1.79530686592858290673e+09,'Ended',11,'{"type":"Ended","job":20,"trial":11,"outcome":"reached","held":true}');
INSERT INTO "events" VALUES(1,124,1.79530686593494248387e+09,'Saved',11,'{"type":"Saved","job":20,"trial":11,"resource":3,"checkpoint":"11/3.20","size_bytes":1,"seconds":0.006295002000115346}');
INSERT INTO "events" VALUES(1,125,1.79530686593499016765e+09,'Dropped',11,'{"type":"Dropped","trial":11,"checkpoint":"11/1.19"}');
INSERT INTO "events" VALUES(1,126,1.79530686593508028987e+09,'Idled',NULL,'{"type":"Idled","why":{"rule":"done"}}');
CREATE TABLE leases (
	study INTEGER NOT NULL, 
	fence INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	host TEXT NOT NULL, 
	machine TEXT NOT NULL, 
	pid INTEGER NOT NULL, 
	started FLOAT NOT NULL, 
	since FLOAT NOT NULL, 
	expires FLOAT NOT NULL, 
	PRIMARY KEY (study), 
	FOREIGN KEY(study) REFERENCES studies (id)
);
INSERT INTO "leases" VALUES(1,2,'a run with InProcess','host','boot pid',28890,1.80547999999523162842e+04,1.79530686578637266163e+09,0.0);
CREATE TABLE rung_meta (
	version INTEGER NOT NULL, 
	applied FLOAT NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "rung_meta" VALUES(1,1.79530686572588229175e+09);
CREATE TABLE studies (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(255) NOT NULL, 
	created FLOAT NOT NULL, 
	UNIQUE (name)
);
INSERT INTO "studies" VALUES(1,'digits',1.7953068657460887432e+09);
CREATE VIEW reports AS
    SELECT
        studies.name AS study,
        events.trial AS trial,
        json_extract(events.data, '$.resource') AS resource,
        metric.key AS metric,
        -- numbers that JSON cannot hold are words in it; SQLite has infinities, but no nan
        CASE metric.value
            WHEN 'nan' THEN NULL WHEN 'inf' THEN 9e999 WHEN '-inf' THEN -9e999 ELSE metric.value
        END AS value,
        coalesce(json_extract(events.data, '$.seconds'), 0.0) AS seconds
    FROM events
    JOIN studies ON studies.id = events.study
    JOIN json_each(events.data, '$.metrics') AS metric
    WHERE events.kind = 'Reported' AND NOT coalesce(json_extract(events.data, '$.repeat'), 0);
CREATE VIEW trials AS
    WITH
    limits AS (
        SELECT study, max(seq), json_extract(data, '$.spec.scheduler.max_resource') AS max_resource
        FROM events WHERE kind IN ('Opened', 'SpecChanged') GROUP BY study
    ),
    started AS (
        SELECT study, trial, max(seq), json_extract(data, '$.job') AS job
        FROM events WHERE kind = 'Started' GROUP BY study, trial
    ),
    ended AS (
        SELECT
            study, trial, max(seq),
            json_extract(data, '$.job') AS job,
            json_extract(data, '$.outcome') AS outcome,
            json_extract(data, '$.failure.type') || ': ' || json_extract(data, '$.failure.message') AS error
        FROM events WHERE kind = 'Ended' GROUP BY study, trial
    ),
    given_up AS (  -- jobs whose rest is not owed
        SELECT study, trial, max(json_extract(data, '$.job')) AS job
        FROM events WHERE kind = 'YieldAsked' AND json_extract(data, '$.owed') = 0 GROUP BY study, trial
    ),
    reached AS (
        SELECT
            study, trial,
            max(json_extract(data, '$.resource')) AS resource,
            sum(json_extract(data, '$.seconds')) AS seconds
        FROM events WHERE kind = 'Reported' GROUP BY study, trial
    ),
    stopped AS (
        SELECT study, trial FROM events WHERE kind = 'Stopped'
        UNION
        SELECT study, json_extract(data, '$.ends') FROM events WHERE kind = 'Created'
    )
    SELECT
        studies.name AS study,
        created.trial AS trial,
        CASE
            WHEN ended.job = started.job AND ended.outcome = 'failed' THEN 'failed'
            WHEN stopped.trial IS NOT NULL THEN 'stopped'
            WHEN started.job IS NULL THEN 'queued'
            WHEN ended.job IS NULL OR ended.job < started.job THEN 'running'
            WHEN ended.outcome = 'lost' THEN 'queued'
            WHEN ended.outcome = 'yielded' AND given_up.job IS NOT ended.job THEN 'queued'
            WHEN reached.resource >= limits.max_resource THEN 'complete'
            ELSE 'paused'
        END AS status,
        coalesce(reached.resource, 0) AS resource,
        json_extract(created.data, '$.parent') AS parent,
        json_extract(created.data, '$.config') AS config,
        created.time AS created,
        coalesce(json_extract(created.data, '$.bracket'), 0) AS bracket,
        json_extract(created.data, '$.source') AS source,
        json_extract(created.data, '$.seed') AS seed,
        coalesce(reached.seconds, 0.0) AS seconds,
        ended.error AS error
    FROM events AS created
    JOIN studies ON studies.id = created.study
    LEFT JOIN limits ON limits.study = created.study
    LEFT JOIN started ON started.study = created.study AND started.trial = created.trial
    LEFT JOIN ended ON ended.study = created.study AND ended.trial = created.trial
    LEFT JOIN given_up ON given_up.study = created.study AND given_up.trial = created.trial
    LEFT JOIN reached ON reached.study = created.study AND reached.trial = created.trial
    LEFT JOIN stopped ON stopped.study = created.study AND stopped.trial = created.trial
    WHERE created.kind = 'Created';
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('studies',1);
COMMIT;
