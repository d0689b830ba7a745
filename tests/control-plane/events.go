package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/conversion"
	"k8s.io/apimachinery/pkg/runtime"
)

// addEventConversions makes events.k8s.io/v1 a second view of the core events: its internal version is
// the core type, and so both groups are served by one store.
func addEventConversions(s *runtime.Scheme) error {
	s.AddKnownTypeWithName(internal(eventsv1.SchemeGroupVersion, "Event"), &corev1.Event{})
	s.AddKnownTypeWithName(internal(eventsv1.SchemeGroupVersion, "EventList"), &corev1.EventList{})
	if err := convert(s, coreToEvent); err != nil {
		return err
	}
	if err := convert(s, eventToCore); err != nil {
		return err
	}
	if err := convert(s, func(in *corev1.EventList, out *eventsv1.EventList) {
		out.ListMeta, out.Items = in.ListMeta, make([]eventsv1.Event, len(in.Items))
		for i := range in.Items {
			coreToEvent(&in.Items[i], &out.Items[i])
		}
	}); err != nil {
		return err
	}
	labels := map[string]string{"metadata.name": "metadata.name", "metadata.namespace": "metadata.namespace", "reason": "reason", "type": "type",
		"reportingController": "reportingComponent", "regarding.kind": "involvedObject.kind", "regarding.namespace": "involvedObject.namespace",
		"regarding.name": "involvedObject.name", "regarding.uid": "involvedObject.uid"}
	return s.AddFieldLabelConversionFunc(eventsv1.SchemeGroupVersion.WithKind("Event"), func(label, value string) (string, string, error) {
		if core, ok := labels[label]; ok {
			return core, value, nil
		}
		return "", "", fmt.Errorf("field label not supported: %s", label)
	})
}

func convert[In, Out any](s *runtime.Scheme, f func(*In, *Out)) error {
	return s.AddConversionFunc((*In)(nil), (*Out)(nil), func(in, out any, _ conversion.Scope) error {
		f(in.(*In), out.(*Out))
		return nil
	})
}

func coreToEvent(in *corev1.Event, out *eventsv1.Event) {
	*out = eventsv1.Event{
		ObjectMeta: in.ObjectMeta, EventTime: in.EventTime, Action: in.Action, Reason: in.Reason, Type: in.Type, Note: in.Message,
		ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance, Regarding: in.InvolvedObject, Related: in.Related,
		DeprecatedSource: in.Source, DeprecatedFirstTimestamp: in.FirstTimestamp, DeprecatedLastTimestamp: in.LastTimestamp, DeprecatedCount: in.Count,
	}
	if in.Series != nil {
		out.Series = &eventsv1.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
	}
}

func eventToCore(in *eventsv1.Event, out *corev1.Event) {
	*out = corev1.Event{
		ObjectMeta: in.ObjectMeta, EventTime: in.EventTime, Action: in.Action, Reason: in.Reason, Type: in.Type, Message: in.Note,
		ReportingController: in.ReportingController, ReportingInstance: in.ReportingInstance, InvolvedObject: in.Regarding, Related: in.Related,
		Source: in.DeprecatedSource, FirstTimestamp: in.DeprecatedFirstTimestamp, LastTimestamp: in.DeprecatedLastTimestamp, Count: in.DeprecatedCount,
	}
	if in.Series != nil {
		out.Series = &corev1.EventSeries{Count: in.Series.Count, LastObservedTime: in.Series.LastObservedTime}
	}
}
